/** Writes the template of every stage, and of the last one without private DNS, as FOLDER/STAGE.json: for tests/lab. */
import { App, BootstraplessSynthesizer } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ArticleStack } from './article-stack';
import { Setting, STAGES } from './setting';

function write(folder: string, name: string, setting: Setting): void {
  const stack = new ArticleStack(new App(), 'KinesisToolkitVpc', { setting, synthesizer: new BootstraplessSynthesizer() });
  writeFileSync(join(folder, `${name}.json`), JSON.stringify(Template.fromStack(stack).toJSON(), null, 1));
}

const folder = process.argv[2] ?? 'templates';
mkdirSync(folder, { recursive: true });
for (const stage of STAGES) write(folder, stage, { stage, privateDns: true, access: 'ssh' });
write(folder, 'kinesis-interface-public-names', { stage: 'kinesis-interface', privateDns: false, access: 'ssh' });
