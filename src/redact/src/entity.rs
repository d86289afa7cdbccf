//! The kinds of personal data, by the names that users of Presidio know.

/// Declares the kinds: the variant, its name, and what it is.
macro_rules! entities {
    ($($variant:ident $name:literal $what:literal;)*) => {
        /// A kind of personal data.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Entity {
            $(#[doc = $what] $variant,)*
            /// What the operator's own pattern describes, by its place among them.
            Own(u16),
            /// What an analyzer with a model finds and nobody else, by its place among those kinds.
            Analyzed(u16),
        }

        impl Entity {
            /// Every kind that is recognized by its form, but for the operator's own.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its place among [`Self::ALL`], and after them among the operator's own or an analyzer's.
            pub(crate) const fn place(self) -> usize {
                #[derive(Clone, Copy)]
                enum Place { $($variant,)* }
                match self {
                    $(Self::$variant => Place::$variant as usize,)*
                    Self::Own(place) | Self::Analyzed(place) => Self::ALL.len() + place as usize,
                }
            }

            /// The name used in the configuration, records, metrics and logs.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Own(_) => "OWN",
                    Self::Analyzed(_) => "ANALYZED",
                }
            }
        }
    };
}

entities! {
    CreditCard "CREDIT_CARD" "A number of a payment card (ISO/IEC 7812).";
    IbanCode "IBAN_CODE" "An International Bank Account Number (ISO 13616).";
    EmailAddress "EMAIL_ADDRESS" "An address of a mailbox.";
    IpAddress "IP_ADDRESS" "An address of the Internet Protocol, version 4 or 6.";
    Passport "PASSPORT" "A number of a passport, or a line of its machine-readable zone (ICAO 9303).";
    DateOfBirth "DATE_OF_BIRTH" "A date near a word that says that it is of birth.";
    AtSocialSecurity "AT_SOCIAL_SECURITY" "A social security number of Austria.";
    AuAbn "AU_ABN" "An Australian Business Number.";
    AuAcn "AU_ACN" "An Australian Company Number.";
    AuMedicare "AU_MEDICARE" "A Medicare number of Australia.";
    AuTfn "AU_TFN" "A tax file number of Australia.";
    BeNationalNumber "BE_NATIONAL_NUMBER" "A national number of Belgium.";
    BrCnpj "BR_CNPJ" "A company's taxpayer number of Brazil.";
    BrCpf "BR_CPF" "A person's taxpayer number of Brazil.";
    CaSin "CA_SIN" "A social insurance number of Canada.";
    ChAhv "CH_AHV" "A social security number of Switzerland.";
    ClRut "CL_RUT" "A taxpayer number of Chile.";
    CnResidentId "CN_RESIDENT_ID" "A resident identity number of China (GB 11643).";
    DeSocialSecurity "DE_SOCIAL_SECURITY" "A pension insurance number of Germany.";
    DeTaxId "DE_TAX_ID" "A tax identification number of Germany.";
    DkCpr "DK_CPR" "A civil registration number of Denmark.";
    EsNie "ES_NIE" "An identity number of a foreigner in Spain.";
    EsNif "ES_NIF" "A tax identification number of a person in Spain.";
    FiPersonalIdentityCode "FI_PERSONAL_IDENTITY_CODE" "A personal identity code of Finland.";
    FrNir "FR_NIR" "A social security number of France.";
    FrSpi "FR_SPI" "A tax number of France.";
    HkIdCard "HK_ID_CARD" "An identity card number of Hong Kong.";
    IePps "IE_PPS" "A personal public service number of Ireland.";
    InAadhaar "IN_AADHAAR" "An identity number of India.";
    InPan "IN_PAN" "A permanent account number of India.";
    ItFiscalCode "IT_FISCAL_CODE" "A fiscal code of Italy.";
    ItVatCode "IT_VAT_CODE" "A value-added tax number of Italy.";
    JpMyNumber "JP_MY_NUMBER" "An individual number of Japan.";
    KrRrn "KR_RRN" "A resident registration number of South Korea.";
    NlBsn "NL_BSN" "A citizen service number of the Netherlands.";
    NoFnr "NO_FNR" "A birth number of Norway.";
    PlNip "PL_NIP" "A tax number of Poland.";
    PlPesel "PL_PESEL" "A national identity number of Poland.";
    PtNif "PT_NIF" "A tax number of Portugal.";
    SePersonnummer "SE_PERSONNUMMER" "A personal identity number of Sweden.";
    SgNricFin "SG_NRIC_FIN" "An identity number of Singapore.";
    ThTnin "TH_TNIN" "A national identity number of Thailand.";
    TrNationalId "TR_NATIONAL_ID" "A national identity number of Turkey.";
    UkNhs "UK_NHS" "A number of the National Health Service of the United Kingdom.";
    UkNino "UK_NINO" "A national insurance number of the United Kingdom.";
    UkUtr "UK_UTR" "A unique taxpayer reference of the United Kingdom.";
    UsDriverLicense "US_DRIVER_LICENSE" "A number of a driver's license of the United States.";
    UsItin "US_ITIN" "An individual taxpayer number of the United States.";
    UsSsn "US_SSN" "A Social Security number of the United States.";
    ZaIdNumber "ZA_ID_NUMBER" "An identity number of South Africa.";
    PhoneNumber "PHONE_NUMBER" "A telephone number.";
}

impl Entity {
    /// The kind of this name; the operator's own and an analyzer's have names that a [`Profile`](crate::Profile) knows.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|entity| entity.as_str() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_found_by_its_name() {
        for entity in Entity::ALL {
            assert_eq!(Entity::named(entity.as_str()), Some(*entity));
        }
        assert_eq!(Entity::named("OWN"), None);
    }
}
