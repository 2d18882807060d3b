/** The app of `cdk synth` and `cdk deploy`. The plain synthesizer needs no bootstrap stack: nothing stays behind. */
import { App, BootstraplessSynthesizer } from 'aws-cdk-lib';
import { ArticleStack } from './article-stack';
import { settingOf } from './setting';

const app = new App();
new ArticleStack(app, 'KinesisToolkitVpc', {
  setting: settingOf(app.node),
  synthesizer: new BootstraplessSynthesizer(),
  description: 'Kinesis and S3 from a public and a private host',
});
