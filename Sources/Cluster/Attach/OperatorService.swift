/// How the attached dashboard finds the operators' read-only API (docs/reference/annotations.md).
public enum OperatorService {
  public static let namespace = "fabgitops-system"
  /// Tried when services may not be listed.
  public static let name = "fabgitops-operator"
  public static let portName = "http"
  public static let labelSelector = "fabgitops.io/api=operator"
}
