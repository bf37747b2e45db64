import ArgumentParser

struct Completion: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Print a completion script for a shell.",
    discussion: """
      bash: fabctl completion bash > ~/.local/share/bash-completion/completions/fabctl
      zsh:  fabctl completion zsh > a folder of $fpath, as _fabctl
      fish: fabctl completion fish > ~/.config/fish/completions/fabctl.fish
      """)

  enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

  @Argument(help: "bash, zsh or fish.")
  var shell: Shell

  func run() throws {
    let dialect: CompletionShell =
      switch shell {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    Console.out(Fabctl.completionScript(for: dialect))
  }
}
