// Encrypts and decrypts messages with the AWS Encryption SDK for JavaScript: each line of standard
// input is a job in JSON, and its outcome is a line of standard output.

'use strict'

const { createInterface } = require('node:readline')
const {
  AwsKmsMrkAwareSymmetricKeyringNode,
  buildClient,
  CommitmentPolicy,
  getClient,
  KMS,
  KmsKeyringNode,
} = require('@aws-crypto/client-node')

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT)

const operations = {
  async encrypt(job, keyring, message) {
    const { result } = await encrypt(keyring, message, { encryptionContext: job.encryptionContext })
    return { message: result.toString('base64') }
  },

  async decrypt(job, keyring, message) {
    const { plaintext, messageHeader } = await decrypt(keyring, message)
    return {
      message: plaintext.toString('base64'),
      encryptionContext: messageHeader.encryptionContext,
    }
  },
}

function keyringFor(job) {
  const clientProvider = getClient(KMS, {
    endpoint: job.endpoint,
    credentials: { accessKeyId: 'trent', secretAccessKey: 'trent' },
    maxAttempts: 1,
  })
  if (job.keyring === 'multi-Region') {
    const client = clientProvider(job.keyArn.split(':')[3])
    return new AwsKmsMrkAwareSymmetricKeyringNode({ client, keyId: job.keyArn })
  }
  return new KmsKeyringNode({ clientProvider, generatorKeyId: job.keyArn })
}

async function outcomeOf(job) {
  try {
    return await operations[job.operation](job, keyringFor(job), Buffer.from(job.message, 'base64'))
  } catch (error) {
    return { error: String(error) }
  }
}

async function main() {
  for await (const line of createInterface({ input: process.stdin })) {
    const outcome = await outcomeOf(JSON.parse(line))
    process.stdout.write(JSON.stringify(outcome) + '\n')
  }
}

main()
