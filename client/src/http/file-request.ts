/** One attempt to send a file. */
export interface FileRequest {
  readonly url: string;
  readonly file: Blob;
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** @param bytes of the file that were sent so far */
  readonly onSent: (bytes: number) => void;
}

/** The field of the form. */
export const uploadField = 'audio_file';
