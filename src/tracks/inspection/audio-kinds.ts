/** The containers that are taken, and what browsers call them. */
export const audioKinds = {
  mp3: { mimeType: 'audio/mpeg', extensions: ['mp3'] },
  mp4: { mimeType: 'audio/mp4', extensions: ['m4a', 'm4b', 'mp4'] },
  aac: { mimeType: 'audio/aac', extensions: ['aac'] },
  wav: { mimeType: 'audio/wav', extensions: ['wav'] },
  flac: { mimeType: 'audio/flac', extensions: ['flac'] },
  ogg: { mimeType: 'audio/ogg', extensions: ['ogg', 'oga', 'opus'] },
} as const;

export type AudioKind = keyof typeof audioKinds;

/** By the ending that `file-type` gives to what it found in the bytes. */
export const kindOf = (extension: string | undefined): AudioKind | undefined =>
  (Object.keys(audioKinds) as AudioKind[]).find((kind) =>
    (audioKinds[kind].extensions as readonly string[]).includes(extension ?? ''),
  );
