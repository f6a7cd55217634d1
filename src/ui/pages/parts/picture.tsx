import { useState } from 'preact/hooks';

interface PictureProps {
  /** Address of the picture as it is now. */
  readonly address: string;
  readonly alternative: string;
  readonly width: number;
  readonly height: number;
}

/** A picture that changes without a flicker: loads the next one before it replaces the last, one at a time. */
export function Picture({ address, alternative, width, height }: PictureProps) {
  const [shown, setShown] = useState(address);
  const [loading, setLoading] = useState(address);
  const [failed, setFailed] = useState<string | null>(null);
  if (loading === shown && address !== shown && address !== failed) setLoading(address);
  const size = { width, height };
  const fail = () => {
    setFailed(loading);
    setLoading(shown);
  };
  return (
    <>
      <img key={shown} class="picture" src={shown} alt={alternative} {...size} />
      {loading === shown ? null : (
        <img key={loading} hidden src={loading} alt="" {...size} onLoad={() => setShown(loading)} onError={fail} />
      )}
    </>
  );
}
