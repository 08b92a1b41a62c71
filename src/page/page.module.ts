import { type DynamicModule, Module } from '@nestjs/common';
import { PAGE_FOLDER, PageService } from './page.service.js';

/** Serves the page for listeners, as `npm run build` has built it. */
@Module({})
export class PageModule {
  /** @param folder URL of the built page */
  static with(folder: URL): DynamicModule {
    return { module: PageModule, providers: [PageService, { provide: PAGE_FOLDER, useValue: folder }] };
  }
}
