export const ANALYSIS_WORKERS = Symbol('analysis workers');

/** URLs of the compiled files that run outside of the main thread. */
export interface AnalysisWorkers {
  /** worker.ts: a thread that decodes audio. */
  audio: URL;
  /** cover-process.ts: a process that re-encodes a cover. */
  cover: URL;
}
