import { findTool } from '../host/commands/find-tool.ts';

/** Whether there may be a Docker engine for this user at all: the machine has its programs, or he has said where one is. */
export function isDockerInstalled(): boolean {
  const { DOCKER_HOST: host = '', DOCKER_CONTEXT: context = '' } = process.env;
  return host !== '' || context !== '' || ['docker', 'dockerd'].some((program) => findTool(program) !== undefined);
}
