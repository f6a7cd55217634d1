// Replaces packages that wf does not use in the bundle.
// gRPC and ssh2: dockerode loads them with itself, but needs them for BuildKit sessions and ssh:// engines only. wf opens no sessions, and
// refuses such engines.
// ajv: the SDK of the Model Context Protocol validates with it what a client answers. wf asks its clients nothing.
module.exports = {};
