// What a workflow file gets for `import ... from 'xstate'`: the module that wf itself runs on (see ../load.ts).
module.exports = globalThis[Symbol.for('wf.shared-modules')].xstate;
