// Replaces gRPC and ssh2 in the bundle. dockerode loads them with itself, but needs them for BuildKit sessions and ssh:// engines only: wf
// opens no sessions, and refuses such engines.
module.exports = {};
