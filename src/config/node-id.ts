import { v7 as uuid } from 'uuid';

/** This process, for as long as it runs. */
export const NODE_ID = uuid();
