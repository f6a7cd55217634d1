import { request } from 'node:http';
import { z } from 'zod';
import type { ServedPage } from './served-page.ts';

const updateSchema = z.looseObject({
  seq: z.number(),
  run: z.looseObject({ status: z.string() }),
  steps: z.array(z.looseObject({ id: z.string(), status: z.string() })),
});

/** One event of a stream. */
export interface StreamEvent {
  readonly type: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

export interface StreamClient {
  readonly events: readonly StreamEvent[];
  /** Resolves with the first update of the run, those of before included, that satisfies this. */
  update(matches: (update: z.output<typeof updateSchema>) => boolean): Promise<z.output<typeof updateSchema>>;
  /** Resolves once there are this many events of a type. */
  count(type: string, number: number): Promise<void>;
  readonly closed: Promise<void>;
  close(): void;
}

/** Reads an event stream as a browser does. */
export function openStream(
  { port }: Pick<ServedPage, 'port'>,
  path: string,
  headers: Readonly<Record<string, string>>,
): StreamClient {
  const events: StreamEvent[] = [];
  const waiting = new Set<() => void>();
  const sent = request({ host: '127.0.0.1', port, path, headers });
  const closed = new Promise<void>((resolve) => {
    sent.on('close', resolve);
    sent.on('error', () => resolve());
  });
  sent.on('response', (response) => {
    let rest = '';
    response.on('error', () => {});
    response.setEncoding('utf8').on('data', (part: string) => {
      const blocks = (rest + part).split('\n\n');
      rest = blocks.pop() ?? '';
      events.push(...blocks.flatMap(eventIn));
      for (const check of waiting) check();
    });
  });
  sent.end();

  function until<Found>(find: () => Found | undefined): Promise<Found> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const found = find();
        if (found === undefined) return;
        waiting.delete(check);
        resolve(found);
      };
      waiting.add(check);
      void closed.then(() => reject(new Error(`the stream ended after ${JSON.stringify(events).slice(0, 2_000)}`)));
      check();
    });
  }

  return {
    events,
    closed,
    update: (matches) =>
      until(() =>
        events
          .filter(({ type }) => type === 'run')
          .map(({ data }) => updateSchema.parse(data))
          .find(matches),
      ),
    count: async (type, number) => {
      await until(() => (events.filter((event) => event.type === type).length >= number ? true : undefined));
    },
    close: () => sent.destroy(),
  };
}

function eventIn(block: string): readonly StreamEvent[] {
  const fields = new Map(
    block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const type = fields.get('event');
  return type === undefined ? [] : [{ type, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') }];
}
