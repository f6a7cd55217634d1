import { request } from 'node:http';
import process from 'node:process';
import { text } from 'node:stream/consumers';

/**
 * Returns what the engine at `dockerHost` answers to a GET, or undefined if it does not know the object. Starts no process of the
 * docker client: for what tests ask often.
 * @param path e.g. `/networks`
 * @throws Error if no engine answers, or one that has failed
 */
export async function askEngine(path: string, dockerHost = process.env['DOCKER_HOST'] ?? ''): Promise<unknown> {
  const { status, body } = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
    const asked = request({ socketPath: dockerHost.replace('unix://', ''), path, agent: false }, (answer) => {
      text(answer).then((body) => resolve({ status: answer.statusCode, body }), reject);
    });
    asked.once('error', reject);
    asked.end();
  });
  if (status === 404) return undefined;
  if (status !== 200) throw new Error(`the engine at ${dockerHost} answers ${status} to ${path}: ${body}`);
  return JSON.parse(body);
}
