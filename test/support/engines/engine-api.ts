import { request } from 'node:http';
import process from 'node:process';
import { text } from 'node:stream/consumers';

const ownHost = () => process.env['DOCKER_HOST'] ?? '';

/**
 * Returns the answer of the engine at `dockerHost` to a GET, or undefined if it does not know the object. Starts no docker client,
 * so tests can call it often.
 * @param path e.g. `/networks`
 * @throws Error if no engine answers, or the engine reports an error
 */
export async function askEngine(path: string, dockerHost = ownHost()): Promise<unknown> {
  const { status, body } = await call('GET', path, dockerHost);
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`the engine at ${dockerHost} answers ${status} to ${path}: ${body}`);
  return JSON.parse(body);
}

/** Lets the engine of the tests remove an object, e.g. `/networks/ID`. @throws Error if it does not */
export async function removeFromEngine(path: string): Promise<void> {
  const { status, body } = await call('DELETE', path, ownHost());
  if (status !== 204) throw new Error(`the engine at ${ownHost()} answers ${status} to DELETE ${path}: ${body}`);
}

async function call(method: 'GET' | 'DELETE', path: string, dockerHost: string) {
  return new Promise<{ readonly status: number | undefined; readonly body: string }>((resolve, reject) => {
    const asked = request({ method, socketPath: dockerHost.replace('unix://', ''), path, agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode, body }), reject);
    });
    asked.once('error', reject);
    asked.end();
  });
}
