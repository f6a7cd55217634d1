import type { EmbeddedEngine, OpenEngineOptions } from './embedded-engine.ts';

/** Loads what `openEngine` needs. */
export function loadEmbedded(): Promise<{
  embedEngine(options: OpenEngineOptions): Promise<EmbeddedEngine>;
}>;
