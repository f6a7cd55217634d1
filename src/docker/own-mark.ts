import { RUN_LABEL } from '../engine/model/identity/mark.ts';
import type { DockerPort } from '../engine/ports/docker.ts';

interface Labelled {
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * Returns the container without a run label inherited from its image: `docker commit` copies labels into the image, and its
 * containers inherit them. If the image is gone, the label proves nothing.
 */
export async function withOwnMark<Container extends Labelled>(
  container: Container,
  imageId: string,
  image: DockerPort['image'],
): Promise<Container & { readonly doubtfulRun?: string }> {
  const { [RUN_LABEL]: run, ...labels } = container.labels;
  if (run === undefined) return container;
  const made = await image(imageId);
  if (made === null) return { ...container, labels, doubtfulRun: run };
  return made.labels[RUN_LABEL] === run ? { ...container, labels } : container;
}
