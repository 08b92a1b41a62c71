import type { INestApplicationContext } from '@nestjs/common';
import { IoAdapter } from '@nestjs/platform-socket.io';
import type { Server, ServerOptions } from 'socket.io';
import type { Settings } from '../config/settings.js';

/** Socket.IO as we run it. */
export class SocketAdapter extends IoAdapter {
  constructor(
    app: INestApplicationContext,
    private readonly settings: Settings,
  ) {
    super(app);
  }

  override createIOServer(port: number, options?: ServerOptions): Server {
    const { corsOrigins } = this.settings;
    return super.createIOServer(port, {
      ...options,
      // A room's namespace goes with its last socket.
      cleanupEmptyChildNamespaces: true,
      // Clients send small messages only.
      maxHttpBufferSize: 64 * 1024,
      // Small events compress badly, and frames encoded once for everyone cannot be compressed for each.
      perMessageDeflate: false,
      serveClient: false,
      pingInterval: 20_000,
      pingTimeout: 15_000,
      connectTimeout: 15_000,
      ...(corsOrigins === '*' || corsOrigins.length > 0 ? { cors: { origin: corsOrigins } } : {}),
    } as ServerOptions);
  }
}
