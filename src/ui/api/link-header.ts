import type { Page, RawRequest } from './route.ts';

/** Returns the header `Link` (RFC 8288) of a part of a list; undefined if it is the whole list. @param path of the request */
export function linkHeader(path: string, query: RawRequest['query'], links: Page['links']): string | undefined {
  const parts = Object.entries(links).map(([relation, changed]) => {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries({ ...query, ...changed })) {
      for (const each of typeof value === 'string' ? [value] : (value ?? [])) search.append(name, each);
    }
    return `<${path}?${search}>; rel="${relation}"`;
  });
  return parts.length === 0 ? undefined : parts.join(', ');
}
