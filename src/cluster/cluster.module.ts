import { Global, Module } from '@nestjs/common';
import { NodeId } from './node-id.js';
import { NodesService } from './nodes.service.js';

/** Which server this is, and which others run on the same database. */
@Global()
@Module({
  providers: [NodeId, NodesService],
  exports: [NodeId, NodesService],
})
export class ClusterModule {}
