import { Injectable } from '@nestjs/common';
import { v7 as uuid } from 'uuid';

/** The id of this node: a new UUID for each process. */
@Injectable()
export class NodeId {
  readonly value = uuid();
}
