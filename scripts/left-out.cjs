// Replaces packages that wf does not use in the bundle.
// gRPC and ssh2: dockerode always loads them, but needs them only for BuildKit sessions and ssh:// engines. wf opens no such sessions, and
// refuses such engines.
// ajv: the SDK of the Model Context Protocol validates answers of clients with it. wf never asks its clients.
module.exports = {};
