//! What stands for the store in the world of the tests: the real arithmetic, in memory.

use super::*;

impl World {
    /// Uses up what is good once.
    pub(super) fn use_up(&mut self, user: &UserKey, proof: &Proof) -> bool {
        let methods = self.methods.entry(user.clone()).or_default();
        match proof {
            Proof::Message { .. } => true,
            Proof::App { id, step } => match &mut methods.app {
                Some(app) if app.id == *id && *step > app.last_step => {
                    app.last_step = *step;
                    true
                }
                _ => false,
            },
            Proof::Recovery { mac } => {
                let before = methods.recovery.len();
                methods.recovery.retain(|kept| kept != mac);
                methods.recovery.len() < before
            }
            Proof::Grant { id } => {
                let before = methods.passes.len();
                methods.passes.retain(|pass| pass.id != *id);
                methods.passes.len() < before
            }
        }
    }

    /// Keeps what was proven, by the rules of the store.
    pub(super) fn enrol(&mut self, enrol: Enrol) -> Enrolled {
        let methods = self.methods.entry(enrol.user.clone()).or_default();
        let had = |record| Had::of(record, methods.app.as_ref(), methods.recovery.len());
        let has = self.records.get(&enrol.user).map(had).unwrap_or_default();
        let may = match &enrol.first {
            First::Further(had) => *had == has,
            First::Allowed => has == Had::default(),
            First::Invited(id) => has == Had::default() && methods.passes.iter().any(|pass| pass.id == *id),
        };
        if !may {
            return Enrolled::NotAllowed;
        }
        let other = self.records.values().find(|record| {
            record.key != enrol.user && enrol.address.as_ref().is_some_and(|(_, to)| record.email.as_ref() == Some(to))
        });
        if let Some(other) = other.filter(|_| enrol.unique) {
            return Enrolled::AddressInUse(other.key.clone());
        }
        if let First::Invited(id) = &enrol.first {
            methods.passes.retain(|pass| pass.id != *id);
        }
        if let Some(NewApp { id, sealed, step }) = enrol.app {
            methods.app = Some(KeptApp { id, sealed, last_step: step, made_s: enrol.now.wall_s });
        }
        if let Some(macs) = enrol.recovery {
            methods.recovery = macs;
        }
        if !self.records.contains_key(&enrol.user) {
            self.add(&enrol.user.name, enrol.user.uid, Verify::NewDevice, None);
        }
        let record = self.records.get_mut(&enrol.user).unwrap();
        let mut before = None;
        if let Some((channel, to)) = enrol.address {
            let (slot, verified, of) = match channel {
                Channel::Email => (&mut record.email, &mut record.email_verified, Authenticator::Email),
                Channel::Sms => (&mut record.phone, &mut record.phone_verified, Authenticator::Sms),
            };
            self.counts.remove(&(enrol.user.clone(), of));
            before = slot.replace(to).filter(|_| *verified);
            *verified = true;
        }
        self.enrolled += 1;
        Enrolled::Done { before }
    }

    /// What the store says of devices.
    pub(super) fn device_answer(&mut self, effect: Effect) -> Option<Event> {
        match effect {
            Effect::Enrol(_) if self.broken => Some(Event::Enrolled(Err(StoreError::Closed))),
            Effect::Enrol(enrol) => Some(Event::Enrolled(Ok(self.enrol(*enrol)))),
            Effect::Revoke(Revoke::Own { user, ids }) => {
                let before = self.devices.len();
                self.devices.retain(|device| device.user != user || !ids.contains(&device.id));
                let gone = self.devices.len() < before;
                Some(Event::Revoked(Ok(if gone {
                    Revoked::Done(Vec::new())
                } else {
                    Revoked::NotThere(ids[0].clone())
                })))
            }
            Effect::Remember(_) if self.broken => Some(Event::Remembered(Err(StoreError::Closed))),
            Effect::Remember(device) => {
                let RememberDevice { user, remember, now, .. } = *device;
                self.remember(&user, remember, &now);
                Some(Event::Remembered(Ok(true)))
            }
            Effect::UseDevice(_) if self.broken => Some(Event::Used(Err(StoreError::Closed))),
            Effect::UseDevice(_) if self.uses_refused => Some(Event::Used(Ok(false))),
            Effect::UseDevice(used) => {
                if std::mem::take(&mut self.revoked_meanwhile) {
                    self.devices.clear();
                }
                let device = self
                    .devices
                    .iter_mut()
                    .find(|device| device.id == used.id && device.user == used.user && device.ended.is_none());
                if let Some(device) = device {
                    device.last_s = used.now.wall_s;
                    return Some(Event::Used(Ok(true)));
                }
                Some(Event::Used(Ok(false)))
            }
            Effect::EndDevices(EndDevices::One { id, why }) => {
                self.devices.iter_mut().filter(|device| device.id == id).for_each(|device| device.ended = Some(why));
                None
            }
            Effect::EndDevices(EndDevices::Password { user, stamp }) => {
                let others = self.devices.iter_mut().filter(|device| device.user == user && device.ended.is_none());
                others
                    .filter(|device| device.stamp.as_ref() != Some(&stamp))
                    .for_each(|device| device.ended = Some(Ended::Password));
                None
            }
            _ => None,
        }
    }

    pub(super) fn remember(&mut self, user: &UserKey, remember: Remember, now: &Moment) {
        let same = |device: &KeptDevice| device.user == *user && device.key == remember.key;
        let first_s = self.devices.iter().find(|device| same(device)).map_or(now.wall_s, |device| device.first_s);
        self.devices.retain(|device| !same(device));
        self.devices.push(KeptDevice {
            id: remember.id,
            user: user.clone(),
            key: remember.key,
            label: remember.label,
            first_s,
            last_s: now.wall_s,
            last_from: remember.from,
            given: now.clone(),
            lifetime_s: remember.lifetime_s,
            stamp: remember.stamp,
            policy: remember.policy,
            ended: None,
        });
    }

    pub(super) fn facts(&self, ask: &FactsFor) -> Facts {
        let known = match self.records.get(&ask.user) {
            Some(record) => Known::Record(Box::new(record.clone())),
            None => {
                let same_uid: Vec<String> =
                    self.records.keys().filter(|key| key.uid == ask.user.uid).map(|key| key.name.clone()).collect();
                match self.records.keys().find(|key| key.name == ask.user.name) {
                    Some(other) => Known::NameOfAnother { uid: other.uid },
                    None if same_uid.is_empty() => Known::Nobody,
                    None => Known::UidOfOthers { names: same_uid },
                }
            }
        };
        let known = self.known.clone().unwrap_or(known);
        let bucket = if ask.own {
            Bucket::Own
        } else if self.known_sources.contains(&(ask.user.clone(), ask.source.0.clone())) {
            Bucket::Known(ask.source.clone())
        } else {
            Bucket::Stranger
        };
        let of = |authenticator| {
            let counts = self.counts.get(&(ask.user.clone(), authenticator)).cloned().unwrap_or_default();
            limits::standing(&bucket, &counts, ask.tries, &ask.now)
        };
        let standings = Standings {
            email: of(Authenticator::Email),
            sms: of(Authenticator::Sms),
            app: of(Authenticator::App),
            recovery: of(Authenticator::Recovery),
        };
        let mut methods = self.methods.get(&ask.user).cloned().unwrap_or_default();
        methods.passes.retain(|pass| pass.until_s > ask.now.wall_s);
        let kept = |key: &crate::store::DeviceKey| {
            self.devices.iter().find(|device| device.user == ask.user && device.key == *key).cloned()
        };
        let device = ask.device.as_ref().and_then(kept).map(Box::new);
        let phones = self.records.values().filter_map(|record| record.phone.as_deref());
        let regions =
            phones.filter_map(|phone| pam_2fa_settings::E164::parse(phone).ok()).map(|phone| phone.region()).collect();
        let (send_wait_s, text_wait_s) = (self.send_wait_s, self.text_wait_s);
        Facts { known, bucket, standings, methods, send_wait_s, text_wait_s, regions, device }
    }
}
