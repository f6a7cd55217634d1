/** Variables that select the Docker engine: the runs of a project belong to one engine. None of them is a secret. */
export const ENGINE_VARIABLES: readonly string[] = [
  'DOCKER_HOST',
  'DOCKER_CONTEXT',
  'DOCKER_CONFIG',
  'DOCKER_CERT_PATH',
  'DOCKER_TLS_VERIFY',
];
