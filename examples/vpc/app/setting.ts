/** What can be chosen on the command line: cdk deploy -c stage=s3-gateway -c private-dns=off -c access=session-manager */
import { Node } from 'constructs';

export const STAGES = ['igw', 's3-gateway', 'kinesis-interface'] as const;
export type Stage = (typeof STAGES)[number];

export interface Setting {
  readonly stage: Stage;
  /** Whether kinesis.REGION.amazonaws.com is the endpoint's private address in the whole VPC. */
  readonly privateDns: boolean;
  /** How one comes onto the hosts. */
  readonly access: 'ssh' | 'session-manager';
}

function choice<T extends string>(node: Node, name: string, words: readonly T[]): T {
  const said = node.tryGetContext(name) ?? words[0];
  const found = words.find((word) => word === said);
  if (!found) throw new Error(`-c ${name}=${said}: it is one of ${words.join(', ')}`);
  return found;
}

export function settingOf(node: Node): Setting {
  return {
    stage: choice(node, 'stage', STAGES),
    privateDns: choice(node, 'private-dns', ['on', 'off']) === 'on',
    access: choice(node, 'access', ['ssh', 'session-manager']),
  };
}
