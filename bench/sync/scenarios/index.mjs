import { asymmetry } from './asymmetry.mjs';
import { commandScenario } from './commands.mjs';
import { gapless } from './gapless.mjs';
import { late } from './late.mjs';
import { clean, drift, jitter } from './steady.mjs';

/** In the order in which they run. Each takes the rig and returns rows of the table. */
export const scenarios = { clean, jitter, asymmetry, late, commands: commandScenario, gapless, drift };
