import { WfError } from '../../../engine/model/errors.ts';

/** Returns an address such as `https://fleet.example.com`, without a slash at its end. @throws WfError E_USAGE */
export function fleetUrl(option: string, given: string): string {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.search === '' && url.hash === '') {
    return url.href.replace(/\/+$/, '');
  }
  throw new WfError('E_USAGE', `${option} ${given} is not an address`, {
    hint: `Give it such as ${option} http://127.0.0.1:8080.`,
  });
}
