/** A command line with its description. */
type Example = readonly [line: string, does: string];

/** Examples in `wf help COMMAND`. */
const EXAMPLES: Readonly<Record<string, readonly Example[]>> = {
  start: [
    ['wf start lab-network --dry-run', 'print what the lab would do, without doing it'],
    [
      'wf start lab-network --input prefix=ann- --pause-after isolationTest',
      'use other names, and pause after a stage',
    ],
    ['wf start ./new-address.ts', 'start the workflow of a file'],
    ['wf start lab-network --detach', 'continue without this terminal; `wf show -f` follows'],
    [
      'wf start network-change --input-file new.json --confirm-within 2m',
      'undo the change unless `wf confirm` confirms the run within two minutes',
    ],
    ['wf start deploy --input password=@env:PASSWORD', 'pass a secret, which wf does not store'],
    [
      `wf start deploy --resume auto --notify '["/usr/local/bin/notify-ops","net"]'`,
      'run a program when the run fails, waits for people or needs attention',
    ],
    ['wf start lab-network --plan', 'save what would be done; `wf apply` starts exactly that'],
  ],
  apply: [
    ['wf apply 7kq', 'start a plan by the beginning of its id'],
    ['wf apply @latest --detach', 'start the newest plan, and continue without this terminal'],
  ],
  plans: [
    ['wf plans', 'list all plans, newest first'],
    ['wf plans 7kq -o plan.json', 'write one to a file, for a review'],
  ],
  resume: [
    ['wf resume', 'resume the only interrupted or paused run'],
    ['wf resume 7kq --pause-after vethSplice', 'resume a run by the beginning of its id, and pause after a stage'],
    ['wf resume --all --dry-run', 'print what would happen to each step of each run'],
  ],
  rollback: [
    ['wf rollback @latest', 'undo the newest run'],
    ['wf rollback 7kq --remove-images', 'undo a run, and remove the images that it pulled'],
  ],
  send: [
    ['wf send 7kq approve --comment "seen with Ann"', 'approve a run that asks for it'],
    [`wf send @latest scale --data '{"replicas":3}'`, 'send an event with data'],
  ],
  confirm: [
    ['wf confirm k3v9x2mq7p --comment "reached it"', 'keep the changes of an unconfirmed run'],
    ['wf confirm k3v9x2mq7p --extend 10m', 'move its deadline'],
  ],
  guard: [['wf guard 7kq', 'watch an unconfirmed run whose guard has ended']],
  settle: [
    ['wf settle 7kq 3 --as gone --reason "removed by hand"', 'settle a change that `wf rollback` could not undo'],
  ],
  wait: [['wf wait 7kq --timeout 10m && echo done', 'wait for a run that was started with --detach']],
  pause: [['wf pause @latest', 'pause the newest run after its running steps']],
  cancel: [
    ['wf cancel 7kq --comment "wrong host"', 'undo a run while it is under way'],
    ['wf cancel 7kq --keep', 'end a run, and leave its changes in place'],
  ],
  retry: [
    ['wf retry 7kq --comment "disk is free again"', 'continue a failed run, once its cause is fixed'],
    ['wf retry 7kq --accept-changes', 'continue it with a fixed workflow file'],
  ],
  agent: [
    ['wf agent', 'advance runs until Ctrl-C'],
    ['wf agent --json', 'the same, with one JSON object a line for each action'],
    ['sudo wf agent install', 'let systemd run it from now on'],
    ['wf agent --fleet https://fleet.example.com --name web1 --label role=web', 'also carry out parts of fleet runs'],
    ['wf agent status', 'print whether it runs, and what it waits for'],
  ],
  fleet: [
    ['wf fleet demo', 'try it: three hosts in namespaces of this machine, which vanish at the end'],
    ['wf fleet serve', 'serve the handlers for a Restate on this machine'],
    ['wf fleet start network-change --hosts web1,web2,web3 --canary 1', 'change one host, then the others'],
    [
      'wf fleet start network-change --where role=web --at-once 10% --approve',
      'wait for approval after the first wave',
    ],
    ['wf fleet show 7kq2mnp4rs --follow', 'follow a fleet run from any terminal'],
    ['wf fleet cancel 7kq2mnp4rs --comment "wrong mask"', 'undo it on every host'],
    ['wf fleet write-off web3 --reason "disk is dead"', 'stop waiting for a host'],
  ],
  schedule: [
    ['wf schedule print lab-network --on-calendar daily', 'print a service and a timer'],
    [`wf schedule print lab-network --on-calendar 'Mon..Fri 03:00' --if-running wait`, 'wait for an earlier run'],
  ],
  shell: [
    ['wf shell @latest', 'open a shell on the host of the newest run'],
    ['wf shell 7kq AppProd', 'open a shell in the network of a container'],
    ['wf shell 7kq alpha AppDev', 'the same for a container on a named host of the run'],
  ],
  changes: [
    ['wf changes', 'list the changes of all runs'],
    ['wf changes @latest --json', 'print the changes of the newest run as JSON'],
  ],
  sweep: [
    ['wf sweep', 'list what would be removed'],
    ['wf sweep --yes', 'remove it'],
  ],
  runs: [
    ['wf runs --status failed --last 7d', 'list runs that failed within a week'],
    ['wf runs --where prefix=ann- --since 2h', 'list runs by an input, within two hours'],
    ['wf runs --status interrupted --format ids | xargs -n1 wf rollback', 'pass the ids to another command'],
  ],
  show: [
    ['wf show', 'show the newest run'],
    ['wf show 7kq isolated', 'show one step of a run in full'],
    ['wf show --follow', 'follow the newest run from any terminal'],
  ],
  logs: [
    ['wf logs', 'print all commands of the newest run with their output'],
    ['wf logs 7kq vethSplice', 'print those of one step, or of all steps of a stage'],
    ['wf logs -f | tee lab.txt', 'follow the newest run'],
  ],
  diff: [
    ['wf diff', 'show what the newest run changed on the host'],
    ['wf diff 7kq 9xm', 'compare two runs'],
  ],
  report: [
    ['wf report -o lab.html', 'write one self-contained HTML page'],
    ['wf report -o lab.md --lang fr', 'Markdown, in French'],
  ],
  graph: [
    ['wf graph lab-network', 'draw the state machine in the terminal'],
    ['wf graph @latest -o run.svg', 'draw the path of the newest run as a picture'],
  ],
  prune: [
    ['wf prune --older-than 90d', 'list what would be removed'],
    ['wf prune --older-than 90d --keep 100 --yes', 'remove older runs, except the newest hundred of each workflow'],
  ],
  export: [['wf export 7kq', 'write a run to one file, for another machine']],
  import: [['wf import 7kq.wfrun', 'import a run for reading']],
  workflows: [
    ['wf workflows', 'list the workflows that `wf start` accepts'],
    ['wf workflows lab-network', 'show its inputs and stages'],
  ],
  steps: [
    ['wf steps', 'list all step runners'],
    ['wf steps net.veth', 'show the inputs and outputs of one'],
  ],
  new: [
    ['wf new workflow my-lab', 'write workflows/my-lab.ts to start from'],
    ['wf new workflow my-change --like network-change', 'start from a copy of a workflow that comes with wf'],
    ['wf new step site.lock', 'write your own step runner'],
  ],
  ui: [
    ['wf ui --open', 'open the page in the browser of this machine'],
    ['wf ui --allow-actions', 'let people start, approve and undo runs there'],
    ['wf ui --fleet http://127.0.0.1:8080', 'also show the fleet runs of a Restate'],
    ['wf ui --socket /run/wf/ui.sock --origin https://wf.example.com', 'serve it behind a proxy'],
  ],
  mcp: [
    ['wf mcp', 'let a client read runs and plan new ones'],
    ['wf mcp --allow-actions', 'also let it start, control and confirm runs'],
  ],
  doctor: [
    ['wf doctor', 'print each check, and how to fix what is wrong'],
    ['wf doctor --json', 'print JSON; exit with 3 if runs cannot start'],
  ],
  completion: [
    ['source <(wf completion bash)', 'complete in this shell'],
    ['wf completion zsh > ~/.zfunc/_wf', 'complete in each zsh, if ~/.zfunc is in $fpath'],
    ['wf completion fish | source', 'complete in this fish'],
  ],
  check: [
    ['wf check', 'check all workflows of the project'],
    ['wf check workflows/my-lab.ts', 'check one file'],
  ],
};

/** Formats the examples for the end of a command's help. */
export function examplesOf(command: string): string {
  const examples = EXAMPLES[command] ?? [];
  const lines = examples.flatMap(([line, does]) => [`  ${line}`, `      ${does}`]);
  return lines.length === 0 ? '' : `\nExamples:\n${lines.join('\n')}`;
}
