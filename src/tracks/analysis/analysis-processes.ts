export const ANALYSIS_PROCESSES = Symbol('analysis processes');

/** URLs of the compiled files that run in processes of their own. */
export interface AnalysisProcesses {
  /** audio-process.ts: decodes audio. */
  audio: URL;
  /** cover-process.ts: re-encodes a cover. */
  cover: URL;
}
