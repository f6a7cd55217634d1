import { build } from 'esbuild';

/** The names that a module exports, types aside. */
export async function exportsOf(file) {
  const { metafile } = await build({
    entryPoints: [file],
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'unwritten',
    write: false,
    metafile: true,
  });
  return Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint !== undefined).exports;
}
