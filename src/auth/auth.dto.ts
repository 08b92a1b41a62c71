import { Length, IsString } from 'class-validator';
import { IsLine } from '../errors/text.decorator.js';

export class GuestDto {
  /** What the others see. @example 'ada' */
  @IsLine(1, 32)
  username!: string;
}

export class CredentialsDto {
  /** 1 to 32 characters; unique among registered users, whatever its case. @example 'ada' */
  @IsLine(1, 32)
  username!: string;

  /** 8 to 256 characters. @example 'correct horse battery staple' */
  @Length(8, 256)
  @IsString()
  password!: string;
}

export class LoginDto {
  /** @example 'ada' */
  @IsLine(1, 32)
  username!: string;

  /** @example 'correct horse battery staple' */
  @Length(1, 256)
  @IsString()
  password!: string;
}
