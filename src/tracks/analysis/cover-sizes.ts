/** The largest width and height of the pictures that are made of a cover, largest first. */
export const coverSizes = [1024, 320, 96] as const;
export type CoverSize = (typeof coverSizes)[number];

/** A cover, re-encoded. */
export interface Cover {
  mimeType: string;
  /** The dominant colour, `#rrggbb`. */
  color: string;
  images: Record<CoverSize, Uint8Array>;
}

export const coverMimeType = 'image/webp';
