export const PROGRAMS = Symbol('programs');

/** URLs of the compiled files that run outside of the server's main thread. Threads and processes cannot load TypeScript. */
export interface Programs {
  /** A worker thread that inspects uploads. */
  inspection: URL;
  /** Processes that decode the audio of uploads. */
  audio: URL;
  /** Processes that re-encode covers. */
  cover: URL;
  /** Processes that hash passwords. */
  passwords: URL;
}

/** @param folder of the compiled server, which has the same relative paths bundled and not */
export const programsIn = (folder: URL): Programs => ({
  inspection: new URL('tracks/inspection/worker.js', folder),
  audio: new URL('tracks/analysis/audio-process.js', folder),
  cover: new URL('tracks/analysis/cover-process.js', folder),
  passwords: new URL('auth/password-process.js', folder),
});
