/** The supported containers: their MIME types, and the extensions that `file-type` reports for them. */
export const audioKinds = {
  mp3: { mimeType: 'audio/mpeg', extensions: ['mp3'] },
  mp4: { mimeType: 'audio/mp4', extensions: ['m4a', 'm4b', 'mp4'] },
  aac: { mimeType: 'audio/aac', extensions: ['aac'] },
  wav: { mimeType: 'audio/wav', extensions: ['wav'] },
  flac: { mimeType: 'audio/flac', extensions: ['flac'] },
  ogg: { mimeType: 'audio/ogg', extensions: ['ogg', 'oga', 'opus'] },
} as const;

export type AudioKind = keyof typeof audioKinds;

/** @param extension as reported by `file-type` */
export const kindOf = (extension: string | undefined): AudioKind | undefined =>
  (Object.keys(audioKinds) as AudioKind[]).find((kind) =>
    (audioKinds[kind].extensions as readonly string[]).includes(extension ?? ''),
  );
