{{- define "fabgitops.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "fabgitops.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else if contains (include "fabgitops.name" .) .Release.Name -}}
{{- .Release.Name | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "fabgitops.name" .) | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "fabgitops.selectorLabels" -}}
app.kubernetes.io/name: {{ include "fabgitops.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "fabgitops.labels" -}}
{{ include "fabgitops.selectorLabels" . }}
app.kubernetes.io/component: operator
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "fabgitops.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "fabgitops.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "fabgitops.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end }}

{{- define "fabgitops.webhookSecret" -}}
{{- default (printf "%s-webhook" (include "fabgitops.fullname" .)) .Values.webhook.certificate.secretName -}}
{{- end }}

{{- /* What may not be combined, told in one line each. */ -}}
{{- define "fabgitops.check" -}}
{{- if and (not .Values.leaderElection.enabled) (gt (int .Values.replicas) 1) -}}
{{- fail "leaderElection.enabled=false with more than one replica: every replica would write to the PLCs; set replicas=1" -}}
{{- end -}}
{{- with .Values.state.persistence -}}
{{- if and .enabled (gt (int $.Values.replicas) 1) (not (has "ReadWriteMany" .accessModes)) -}}
{{- fail "state.persistence.enabled with more than one replica needs accessModes [ReadWriteMany]; set replicas=1 otherwise" -}}
{{- end -}}
{{- end -}}
{{- with .Values.webhook -}}
{{- if and .enabled (eq .certificate.source "secret") (not (and .certificate.secretName .certificate.caBundle)) -}}
{{- fail "webhook.certificate.source=secret needs webhook.certificate.secretName and webhook.certificate.caBundle" -}}
{{- end -}}
{{- if and .enabled (eq .certificate.source "certManager") (not .certificate.issuerRef.name) -}}
{{- fail "webhook.certificate.source=certManager needs webhook.certificate.issuerRef.name" -}}
{{- end -}}
{{- end -}}
{{- end }}

{{- /* Takes x-kubernetes-validations out of a schema, at every depth. */ -}}
{{- define "fabgitops.dropRules" -}}
{{- $_ := unset . "x-kubernetes-validations" -}}
{{- range $key, $value := . -}}
{{- if kindIs "map" $value }}{{ include "fabgitops.dropRules" $value }}{{ end -}}
{{- if kindIs "slice" $value -}}
{{- range $value }}{{ if kindIs "map" . }}{{ include "fabgitops.dropRules" . }}{{ end }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end }}
