import { Injectable } from '@nestjs/common';
import type { InspectedAudio } from '../inspection/inspection.js';
import { keyOf } from '../storage/audio-store.js';
import type { StoredImage } from '../storage/track-files.js';
import type { ReceivedFile } from '../storage/upload-folder.js';
import type { AudioAnalysis } from './analysis.js';
import { AudioAnalyzer } from './audio-analyzer.js';
import { CoverRenderer } from './cover-renderer.js';
import type { CoverSize } from './cover-sizes.js';

/** What is computed about an upload. */
export interface ComputedMedia {
  analysis: AudioAnalysis | null;
  /** The cover, with the key of each size. */
  cover: { mimeType: string; color: string; files: Record<CoverSize, string> } | null;
  /** The files of the cover: fewer than sizes if a small picture is the same in several. */
  images: StoredImage[];
}

/** Computes waveform, loudness and covers of an upload, at the same time. One instance, owned by the analysis module. */
@Injectable()
export class UploadMedia {
  constructor(
    private readonly analyzer: AudioAnalyzer,
    private readonly covers: CoverRenderer,
  ) {}

  /** Never throws for what is in the file: what cannot be computed is null. */
  async compute(userId: string, file: ReceivedFile, audio: InspectedAudio): Promise<ComputedMedia> {
    const [analysis, cover] = await Promise.all([
      this.analyzer.analyse(userId, file, audio),
      audio.cover && this.covers.render(userId, audio.cover.bytes),
    ]);
    if (!cover) return { analysis, cover: null, images: [] };
    const { mimeType, color } = cover;
    const images = new Map<string, StoredImage>();
    const store = (bytes: Uint8Array): string => {
      const sha256 = keyOf(bytes);
      images.set(sha256, { bytes, sha256 });
      return sha256;
    };
    const files = {
      1024: store(cover.images[1024]),
      320: store(cover.images[320]),
      96: store(cover.images[96]),
    };
    return { analysis, cover: { mimeType, color, files }, images: [...images.values()] };
  }
}
