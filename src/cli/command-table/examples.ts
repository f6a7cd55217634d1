/** A command line, and what it does. */
type Example = readonly [line: string, does: string];

/** What `wf help COMMAND` shows beside the options. */
const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  start: [
    ['wf start lab-network --dry-run', 'what the lab would do; nothing is touched'],
    ['wf start lab-network --input prefix=ann- --pause-after isolationTest', 'with names of its own, up to a stage'],
    ['wf start ./new-address.ts', 'the workflow of a file'],
    ['wf start deploy --input password=@env:PASSWORD', 'a secret, which wf keeps nowhere'],
  ],
  resume: [
    ['wf resume', 'the only run that is interrupted or paused'],
    ['wf resume 7kq --pause-after vethSplice', 'the run whose id begins so, up to a stage'],
    ['wf resume --all --dry-run', 'what would become of each step of each such run'],
  ],
  rollback: [
    ['wf rollback @latest', 'undo what the newest run did'],
    ['wf rollback 7kq --remove-images', 'and remove the images that it pulled'],
  ],
  shell: [
    ['wf shell @latest', 'on the host of the newest run'],
    ['wf shell 7kq AppProd', 'in the network of a container of a run'],
  ],
  changes: [
    ['wf changes', 'what may stand because of any run'],
    ['wf changes @latest --json', 'of the newest run, for a program'],
  ],
  sweep: [
    ['wf sweep', 'show what would be removed'],
    ['wf sweep --yes', 'remove it'],
  ],
  runs: [
    ['wf runs --status failed --last 7d', 'runs that failed within a week'],
    ['wf runs --where prefix=ann- --since 2h', 'by an input, within two hours'],
    ['wf runs --status interrupted --format ids | xargs -n1 wf rollback', 'ids for another command'],
  ],
  show: [
    ['wf show', 'the newest run'],
    ['wf show 7kq isolated', 'one step of a run, whole'],
    ['wf show --follow', 'follow the newest run from any terminal'],
  ],
  logs: [
    ['wf logs', 'all commands of the newest run with their output'],
    ['wf logs 7kq vethSplice', 'those of one step, or of all steps of a stage'],
    ['wf logs -f | tee lab.txt', 'follow the newest run'],
  ],
  diff: [
    ['wf diff', 'what the newest run changed on the host'],
    ['wf diff 7kq 9xm', 'how two runs differ'],
  ],
  report: [
    ['wf report -o lab.html', 'one HTML page that needs no other file'],
    ['wf report -o lab.md --lang fr', 'Markdown, in French'],
  ],
  graph: [
    ['wf graph lab-network', 'the machine, in the terminal'],
    ['wf graph @latest -o run.svg', 'the path of the newest run, as a picture'],
  ],
  prune: [
    ['wf prune --older-than 90d', 'show what would be removed'],
    ['wf prune --older-than 90d --keep 100 --yes', 'remove what is older, except the newest hundred of each workflow'],
  ],
  export: [['wf export 7kq', 'a run as one file, for another machine']],
  import: [['wf import 7kq.wfrun', 'to be looked at here, never resumed']],
  workflows: [
    ['wf workflows', 'list what `wf start` takes'],
    ['wf workflows lab-network', 'show its inputs and stages'],
  ],
  steps: [
    ['wf steps', 'all step runners'],
    ['wf steps net.veth', 'inputs and outputs of one'],
  ],
  new: [
    ['wf new workflow my-lab', 'workflows/my-lab.ts, to go on from'],
    ['wf new step site.lock', 'a step runner of your own'],
  ],
  doctor: [
    ['wf doctor', 'each check, and what mends what is wrong'],
    ['wf doctor --json', 'for a program; exit code 3 where a run would lack something'],
  ],
  completion: [
    ['source <(wf completion bash)', 'in this shell'],
    ['wf completion zsh > ~/.zfunc/_wf', 'in each zsh, where ~/.zfunc is in $fpath'],
    ['wf completion fish | source', 'in this fish'],
  ],
  check: [
    ['wf check', 'all workflows of the project'],
    ['wf check workflows/my-lab.ts', 'one file'],
  ],
};

/** For the end of a command's help. */
export function examplesOf(command: string): string {
  const examples = EXAMPLES[command] ?? [];
  const lines = examples.flatMap(([line, does]) => [`  ${line}`, `      ${does}`]);
  return lines.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}`;
}
