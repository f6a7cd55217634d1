import type { HistoryReader } from '../../history/reader.ts';
import { createMetrics, type Metrics, type MetricsDependencies } from '../../metrics/create-metrics.ts';
import type { UiContext } from '../../ui/server/ui-context.ts';
import type { Services } from '../services/services.ts';

/**
 * Returns the metrics of this process. Counting begins at the first call, and anew when another database replaces the file.
 * @param own the history to which this process commits; undefined if it only reads
 */
export function servedMetrics(
  history: () => Promise<HistoryReader | undefined>,
  own: MetricsDependencies['history'] | undefined,
  { clock, isAlive }: Services,
): UiContext['metrics'] {
  let known: { readonly history: MetricsDependencies['history']; readonly metrics: Metrics } | undefined;
  return async () => {
    const now = own ?? (await history());
    if (now === undefined) return { mediaType: 'text/plain', text: '' };
    if (known?.history !== now) {
      known?.metrics.close();
      known = { history: now, metrics: createMetrics({ history: now, clock, isAlive }) };
    }
    return { mediaType: known.metrics.contentType, text: await known.metrics.text() };
  };
}
