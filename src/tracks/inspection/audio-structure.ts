/** The result of reading a file's structure, before its tags are parsed. */
export interface AudioStructure {
  /** Seconds; not validated yet. */
  duration: number;
  /** The tags to parse; null if there are none. */
  tags: TagExcerpt | null;
}

/**
 * A small file that contains only the tags of the uploaded file. The tag parser is given this file and never the
 * upload. `limits.ts` bounds its size and its number of elements.
 */
export interface TagExcerpt {
  mimeType: string;
  bytes: Buffer;
}
