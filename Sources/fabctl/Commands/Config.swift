import ArgumentParser
import Foundation

struct ConfigCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "config",
    abstract: "Contexts: named sources, used when neither --git nor --context is given.",
    discussion: "Kept in $XDG_CONFIG_HOME/fabgitops/config.yaml.",
    subcommands: [
      GetContexts.self, CurrentContext.self, UseContext.self, SetContext.self, DeleteContext.self,
      ViewConfig.self,
    ])
}

extension CompletionKind {
  static var contextNames: CompletionKind { .shellCommand("fabctl config get-contexts -o name 2>/dev/null") }
}

struct GetContexts: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "get-contexts", abstract: "List the contexts.")

  enum Format: String, ExpressibleByArgument, CaseIterable { case table, name }

  @Option(name: .shortAndLong, help: "Output format: table or name.")
  var output: Format = .table

  @Flag(help: "Leave the header line out.")
  var noHeaders = false

  func run() throws {
    let file = try ContextStore.standard.load()
    guard output == .table else { return file.contexts.forEach { Console.out(Console.visible($0.name)) } }
    var table = TextTable(header: ["CURRENT", "NAME", "MODE", "SOURCE", "REF", "PATH"])
    table.rows = file.contexts.map { context in
      let source = context.git ?? context.kubeContext ?? context.kubeconfig ?? "-"
      return [
        context.name == file.current ? "*" : "", context.name, context.isCluster ? "cluster" : "local",
        source,
        context.ref ?? "-", context.path ?? context.namespace ?? "-",
      ].map(Console.visible)
    }
    guard !file.contexts.isEmpty else {
      return Console.error("No contexts; make one with `fabctl config set-context NAME --git PATH`.")
    }
    for line in table.lines(withHeader: !noHeaders) { Console.out(line) }
  }
}

struct CurrentContext: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "current-context", abstract: "Print the name of the context in use.")

  func run() throws {
    guard let current = try ContextStore.standard.current() else {
      throw CommandFailure(
        .usage, "fabctl: no context is in use; choose one with `fabctl config use-context`")
    }
    Console.out(Console.visible(current.name))
  }
}

struct UseContext: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "use-context", abstract: "Choose the context to use.")

  @Argument(help: "Its name.", completion: .contextNames)
  var name: String

  func run() throws {
    let store = ContextStore.standard
    var file = try store.load()
    _ = try file.required(name)
    file.current = name
    try store.save(file)
    Console.out("Switched to context \"\(Console.visible(name))\".")
  }
}

struct SetContext: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "set-context", abstract: "Make a context, or change what is given of one.",
    discussion: "The first context that is made is used from then on.")

  @Argument(help: "Its name.", completion: .contextNames)
  var name: String

  @Option(help: ArgumentHelp("A repository of manifests, path or URL.", valueName: "path-or-url"))
  var git: String?

  @Option(help: "Branch, tag or commit.")
  var ref: String?

  @Option(help: ArgumentHelp("Folder of the repository.", valueName: "folder"))
  var path: String?

  @Option(help: ArgumentHelp("Seconds between fetches, 1 to 86400.", valueName: "seconds"))
  var gitInterval: Int?

  @Flag(inversion: .prefixedNo, help: "Accept only signed commits.")
  var requireSigned: Bool?

  @Option(help: ArgumentHelp("A kubeconfig (cluster).", valueName: "file"))
  var kubeconfig: String?

  @Option(help: ArgumentHelp("A context of the kubeconfig (cluster).", valueName: "name"))
  var kubeContext: String?

  @Option(name: [.customShort("n"), .long], help: ArgumentHelp("A namespace (cluster).", valueName: "name"))
  var namespace: String?

  func validate() throws {
    let allowed = name.allSatisfy { $0.isLetter || $0.isNumber || "-_.@/".contains($0) }
    guard allowed, !name.isEmpty else {
      throw ValidationError("\(name): a context's name is letters, digits and -_.@/")
    }
    if let gitInterval, !(1...86_400).contains(gitInterval) {
      throw ValidationError("--git-interval \(gitInterval) is outside 1...86400 seconds")
    }
    if git != nil, kubeconfig != nil || kubeContext != nil || namespace != nil {
      throw ValidationError(
        "--git is local, --kubeconfig, --kube-context and --namespace are a cluster: not both")
    }
    if let git, git.isEmpty { throw ValidationError("--git is empty: name a repository") }
  }

  func run() throws {
    let store = ContextStore.standard
    var file = try store.load()
    let exists = file[name] != nil
    var context = file[name] ?? FabctlContext(name: name)
    if let git {
      (context.kubeconfig, context.kubeContext, context.namespace) = (nil, nil, nil)
      // The context must mean the same from every directory.
      let isLocal = FileManager.default.fileExists(atPath: git)
      context.git = isLocal ? URL(fileURLWithPath: git).standardizedFileURL.path : git
    }
    if kubeconfig != nil || kubeContext != nil || namespace != nil { context.git = nil }
    context.ref = ref ?? context.ref
    context.path = path ?? context.path
    context.gitInterval = gitInterval ?? context.gitInterval
    context.requireSigned = requireSigned ?? context.requireSigned
    context.kubeconfig = kubeconfig ?? context.kubeconfig
    context.kubeContext = kubeContext ?? context.kubeContext
    context.namespace = namespace ?? context.namespace
    guard
      context.git != nil || context.kubeContext != nil || context.kubeconfig != nil
        || context.namespace != nil
    else {
      throw CommandFailure(
        .usage, "fabctl: context \(name) would mean nothing: give --git, or --kube-context")
    }
    if let index = file.contexts.firstIndex(where: { $0.name == name }) {
      file.contexts[index] = context
    } else {
      file.contexts.append(context)
    }
    if file.current == nil { file.current = name }
    try store.save(file)
    Console.out("Context \"\(name)\" \(exists ? "changed" : "created").")
  }
}

struct DeleteContext: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "delete-context", abstract: "Forget a context; what it names stays as it is.")

  @Argument(help: "Its name.", completion: .contextNames)
  var name: String

  func run() throws {
    let store = ContextStore.standard
    var file = try store.load()
    _ = try file.required(name)
    file.contexts.removeAll { $0.name == name }
    if file.current == name { file.current = nil }
    try store.save(file)
    Console.out("Context \"\(Console.visible(name))\" deleted.")
  }
}

struct ViewConfig: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "view", abstract: "Print the contexts as YAML.")

  func run() throws { Console.out(try ContextStore.standard.load().yaml.withoutFinalLineBreak) }
}

extension ContextFile {
  fileprivate func required(_ name: String) throws -> FabctlContext {
    if let context = self[name] { return context }
    let known = contexts.prefix(5).map(\.name).joined(separator: ", ")
    throw CommandFailure(
      .usage,
      "fabctl: no such context: \(name) (\(known.isEmpty ? "there are none; see `fabctl config set-context --help`" : "there are \(known)"))"
    )
  }
}
