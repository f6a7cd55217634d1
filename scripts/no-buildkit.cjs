// Replaces gRPC in the bundle. dockerode loads gRPC with itself, but needs it for BuildKit sessions only, which wf never opens.
module.exports = {};
