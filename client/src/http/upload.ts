import type { TrackAnswer } from '../contract.js';
import { RoomcastError } from '../errors.js';
import { type Store, WritableStore } from '../store.js';
import { type Api, newKey } from './api.js';
import { sendForm } from './send-form.js';

/** How much of a file has been sent, in bytes. In Node it is nothing until all of it is. */
export interface UploadProgress {
  readonly sent: number;
  readonly total: number;
}

/** An upload in progress. */
export interface Upload {
  readonly progress: Store<UploadProgress>;
  /** The track, as soon as it is in the room. Rejects with a `RoomcastError`. */
  readonly done: Promise<TrackAnswer['track']>;
  cancel(): void;
}

/**
 * Uploads an audio file to a room. If the answer is lost, the file is sent again and the track is there once.
 * @param name the file's name, which is the title if the file has none
 */
export function upload(api: Api, roomId: string, file: Blob, name: string, signal: AbortSignal): Upload {
  const cancelled = new AbortController();
  const progress = new WritableStore<UploadProgress>({ sent: 0, total: file.size });
  const { origin, path } = api.address;
  const url = `${origin}${path}/api/rooms/${roomId}/tracks`;
  const key = newKey();
  const tell = (sent: number) => {
    if (sent !== progress.current.sent) progress.set({ sent, total: file.size });
  };
  const both = AbortSignal.any([signal, cancelled.signal]);
  const send = () =>
    api.authorized((token) => {
      const form = new FormData();
      form.append('audio_file', file, name);
      return sendForm({
        url,
        form,
        headers: { authorization: `Bearer ${token}`, 'idempotency-key': key },
        signal: both,
        // The form is a little larger than the file.
        onSent: (part) => tell(Math.round(part * file.size)),
      });
    });
  const done = api.repeat(send, false, both).then((text) => {
    tell(file.size);
    try {
      return (JSON.parse(text) as TrackAnswer).track;
    } catch (cause) {
      throw new RoomcastError('protocol', 'The upload was not answered with JSON.', { cause });
    }
  });
  return { progress, done, cancel: () => cancelled.abort() };
}
