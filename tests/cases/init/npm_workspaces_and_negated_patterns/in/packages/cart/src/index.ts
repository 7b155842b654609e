import { price } from '@shop/prices';
import old from '../../old/index';
