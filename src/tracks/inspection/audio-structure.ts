/** What the structure of a file tells, before its tags are read. */
export interface AudioStructure {
  /** Seconds; not checked. */
  duration: number;
  /** The tags that are read, as a small file for the parser; null where there are none. */
  tags: TagExcerpt | null;
}

/**
 * A file with the tags of another, and nothing else of it: the parser never sees an uploaded file. Its size and its
 * number of elements are bounded by the limits.
 */
export interface TagExcerpt {
  mimeType: string;
  bytes: Buffer;
}
