// What a workflow file gets for `import ... from 'zod'`: the module that wf itself runs on (see ../load.ts).
module.exports = globalThis[Symbol.for('wf.shared-modules')].zod;
