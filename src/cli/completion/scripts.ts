/** Shells with completions. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Output that makes the shell complete a file name. */
export const FILES = ':files';

/** Completion scripts: all of them call `wf __complete` for the candidates. */
export const COMPLETION_SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completion of wf for bash. Now: source <(wf completion bash)
# For good: wf completion bash > ~/.local/share/bash-completion/completions/wf
_wf() {
  local line=\${COMP_LINE:0:COMP_POINT} typed breaks head= at
  typed=\${line##*[[:space:]]}
  # Bash takes what follows one of these for a word of its own.
  breaks=\${COMP_WORDBREAKS//[^=:]/}
  if [[ -n $breaks && $typed == *[$breaks]* ]]; then head=\${typed%"\${typed##*[$breaks]}"}; fi
  mapfile -t COMPREPLY < <("$1" __complete bash -- "$line" 2>/dev/null)
  if [[ \${COMPREPLY[0]-} == '${FILES}' ]]; then
    COMPREPLY=()
    compopt -o default
    return
  fi
  if [[ \${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi
  for at in "\${!COMPREPLY[@]}"; do COMPREPLY[at]=\${COMPREPLY[at]#"$head"}; done
}
complete -F _wf wf
`,
  zsh: `#compdef wf
# Completion of wf for zsh. Now: source <(wf completion zsh)
# For good: wf completion zsh > a folder of $fpath, as _wf
_wf() {
  local -a answers suffix
  answers=("\${(@f)$("\${words[1]}" __complete zsh -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ \${answers[1]} == '${FILES}' ]]; then
    _files
    return
  fi
  [[ -n \${answers[1]} ]] || return 1
  [[ \${answers[1]} == *=:* ]] && suffix=(-S '')
  _describe -V wf answers "\${(@)suffix}"
}
if [[ \${funcstack[1]} == _wf ]]; then _wf "$@"; else compdef _wf wf; fi
`,
  fish: `# Completion of wf for fish. Now: wf completion fish | source
# For good: wf completion fish > ~/.config/fish/completions/wf.fish
function __wf_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    set -l current (commandline -ct)
    set -l answers ($program __complete fish -- $words "$current" 2>/dev/null)
    if test "$answers[1]" = '${FILES}'
        __fish_complete_path "$current"
    else
        printf '%s\\n' $answers
    end
end
complete -c wf -f -a '(__wf_complete)'
`,
};
