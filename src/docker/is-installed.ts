import { findTool } from '../host/commands/find-tool.ts';

/** Returns whether this machine may have a Docker engine: its programs are installed, or a setting names one. */
export function isDockerInstalled(): boolean {
  const { DOCKER_HOST: host = '', DOCKER_CONTEXT: context = '' } = process.env;
  return host !== '' || context !== '' || ['docker', 'dockerd'].some((program) => findTool(program) !== undefined);
}
