import { S3 } from '@aws-sdk/client-s3'
import pad from 'left-pad'
import fs from 'node:fs'
