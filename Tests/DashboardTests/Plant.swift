import Dashboard

/// What the golden screens show.
typealias Plant = SamplePlant
