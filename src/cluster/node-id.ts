import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';

/** This server, for as long as it runs. */
@Injectable()
export class NodeId {
  readonly value = uuid();
}
